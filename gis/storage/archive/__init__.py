"""The whole store in one file that both kinds of store can be made from again."""
