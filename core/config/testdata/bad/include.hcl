include = ["parts/syntax.hcl"]
