"""The leaderboard room: the Gradio Space where systems are submitted, scored and compared."""
