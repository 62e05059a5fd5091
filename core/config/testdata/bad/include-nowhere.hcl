include = ["nowhere/*.hcl"]
