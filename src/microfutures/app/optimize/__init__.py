"""`microfutures optimize`: parameter studies, from the flags to the files they leave."""
