"""Where a Pulumi Python program is rehearsed: recorded without an engine, or run by the engine on stand-ins."""
