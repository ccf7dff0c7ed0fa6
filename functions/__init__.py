"""Code that runs inside the clouds; each folder is one function."""
