"""The function that takes events from Google Cloud and puts them on the AWS event bus."""
