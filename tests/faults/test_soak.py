"""A short soak: what `make soak` does for as long as one likes."""

from soak import Soak


def test_nothing_is_lost_and_nothing_doubled_while_everything_is_killed(tmp_path):
    soak = Soak(tmp_path, seed=7)
    try:
        books = soak.run(0, kills=12, jobs_wanted=200)
        print(soak.table())
        assert books.problems == []
        assert {'parent', 'web server', 'web worker', 'consumer'} <= set(books.kills)
    finally:
        soak.close()
