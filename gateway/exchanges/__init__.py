"""The exchanges: what sets them off, whom they may reach, and what becomes of that. They permit nothing."""
