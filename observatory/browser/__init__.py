"""Published pages in a real browser: walked through, and photographed."""
