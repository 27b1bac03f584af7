"""The language of texts: those that were published have one of their own, so that a change of the site's keeps it."""


def up(migrator, db):
    db.execute_sql('UPDATE post SET language = (SELECT language FROM site) WHERE language IS NULL '
                   'AND (published_at IS NOT NULL OR place IS NOT NULL OR was_public)')
