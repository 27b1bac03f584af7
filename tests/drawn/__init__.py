"""The pictures of the demo site, drawn with a few colours and shapes. tests/make_demo_pictures.py writes them."""
