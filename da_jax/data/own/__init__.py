"""The user's own data: folders, lists, tables, series and texts."""
