"""How estimators find what they fit: parts of programs, one file each."""
