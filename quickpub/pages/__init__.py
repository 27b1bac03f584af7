"""The pages: request in, response out. No module here imports another."""
