"""study.yaml: what it may say (model), how it is read (load), and what a new study starts from (template)."""
