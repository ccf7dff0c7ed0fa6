"""Networks of both clouds, the link between them, and who may talk to whom."""
