"""Answers as typed values: tables, data frames, notebook and terminal views, and where each answer came from."""
