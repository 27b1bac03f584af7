"""The seeded faults of `make mutants` can still be applied: each is found once in its package, and changes it."""

from pathlib import Path

import pytest
from mutations import MUTATIONS

TESTS = Path(__file__).parent


@pytest.mark.parametrize('mutation', MUTATIONS, ids=lambda mutation: mutation.old)
def test_every_seeded_fault_can_be_applied_and_has_its_tests(mutation):
    path = mutation.file()
    changed = path.read_text('utf-8').replace(mutation.old, mutation.new)
    compile(changed, path.name, 'exec')
    assert changed != path.read_text('utf-8') and (TESTS / mutation.tests).exists()


def test_there_are_faults_of_every_kind():
    assert len(MUTATIONS) >= 40
    assert {'jobs', 'mail', 'audience', 'accounts', 'wsgi', 'content', 'markup'} <= {each.package for each in MUTATIONS}
