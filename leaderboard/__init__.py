"""Leaderboard: the Gradio Space where systems are submitted, scored and compared."""
