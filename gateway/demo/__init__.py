"""The demo site: invented people, and the main job told step by step."""
