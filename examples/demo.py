"""The main job: two owners, their parties, one frame, one answer. Run it with ``make demo``, or ``make demo PROTOCOL=semi2k`` for two parties.

A hospital and an insurer each hold a table about the same people. Neither may show it to anyone, and yet both allow three answers: what a day
of care costs by region for patients of 50 and more, a model of readmission, and how good that model is.
"""

from __future__ import annotations

import sys
from pathlib import Path

import spuframe as sf

DATA = Path(__file__).resolve().parent.parent / "datasets" / "cohort"
FEATURES = ["age", "bmi", "smoker", "chronic", "visits", "days", "cost"]


def main(protocol: str = "aby3") -> None:
    with sf.local(protocol=protocol) as session:  # party processes on this machine, started and stopped here
        patients = session.read_csv(DATA / "hospital.csv", owner="hospital")
        claims = session.read_parquet(DATA / "insurer.parquet", owner="insurer")
        print(patients, end="\n\n")

        cohort = patients[patients["age"] >= 50].merge(claims, on="patient_id", how="inner")
        cohort["cost_per_day"] = cohort["cost"] / cohort["days"]
        answer = cohort.groupby("region").agg(n=("patient_id", "count"), cost=("cost", "sum"), mean=("cost_per_day", "mean"))
        print(answer.explain(), end="\n\n")
        print(answer.reveal(), end="\n\n")
        print(session.last_profile, end="\n\n")

        model = sf.ml.LogisticRegression().fit(cohort[FEATURES], cohort["readmitted"])
        print(model)
        print(session.last_profile, end="\n\n")
        print("coefficients", dict(zip(FEATURES, model.coef_.reveal()[0].round(4), strict=True)))
        print("intercept", model.intercept_.reveal().round(4))
        print("accuracy", round(model.score(cohort[FEATURES], cohort["readmitted"]), 4))
        print(model.predict_proba(cohort[FEATURES]).reveal().describe().round(3))


if __name__ == "__main__":
    main(*sys.argv[1:])
