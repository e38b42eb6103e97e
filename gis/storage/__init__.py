"""How rows and shapes are kept: the base model, the geometry column, engine and session, migrations."""
