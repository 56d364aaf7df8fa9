"""Where partners are told what they subscribed to."""
