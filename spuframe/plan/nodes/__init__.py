"""The nodes of logical plans, one file each or for a small family; what they answer is said in `spuframe.plan.logical`."""
