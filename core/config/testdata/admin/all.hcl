include = "admin.hcl"
