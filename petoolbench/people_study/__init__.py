"""People's study: several people answer each row on the leaderboard's Play page, and their agreement is measured."""
