include = ["../include-mistakes.hcl", "cycle.hcl"]
