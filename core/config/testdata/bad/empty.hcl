# Nothing is in here.
