"""The function that decides who may open a WebSocket."""
