"""How the site looks: its fonts, its style sheet."""
