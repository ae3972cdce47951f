"""Points that share work go to one worker as far as no other has to wait."""

from codesign.studies.executors.waiting import Waiting
from tests.codesign.studies.tasks import Grouped, Scaled, points


def waiting(count: int, size: int) -> Waiting:
    return Waiting(Grouped(size=size), points(count))


def taken(queue: Waiting, workers: str) -> str:
    """The keys that workers get, who come in this order."""
    return " ".join(queue.take(worker).key for worker in workers)


def test_a_worker_stays_with_its_group_and_then_begins_one_that_nobody_is_at():
    queue = waiting(9, 3)
    assert queue.grouped
    assert taken(queue, "abaabba") == "0 3 1 2 4 5 6"
    assert len(queue) == 2


def test_a_group_is_split_where_a_worker_would_be_idle_and_that_with_most_left_for_each():
    queue = waiting(10, 5)
    assert taken(queue, "abaa") == "0 5 1 2"
    # of b's group four are left, of a's two
    assert taken(queue, "c") == "6"
    # now b's three are for two
    assert taken(queue, "d") == "3"
    assert taken(queue, "c") == "7"


def test_one_group_is_for_all_workers():
    assert taken(waiting(6, 6), "abcabc") == "0 1 2 3 4 5"


def test_points_that_share_nothing_are_handed_out_in_their_order():
    queue = Waiting(Scaled(), points(5))
    assert not queue.grouped
    assert taken(queue, "aabab") == "0 1 2 3 4"
    assert not queue


def test_a_group_whose_worker_died_is_for_the_next_one_and_no_point_is_lost():
    queue = waiting(6, 3)
    first = queue.take("a")
    assert taken(queue, "b") == "3"
    queue.put_back(first, "a")
    assert len(queue) == 5
    assert taken(queue, "cbcb") == "0 4 1 5"
    # also the last point of a group
    last = queue.take("c")
    assert (last.key, len(queue)) == ("2", 0)
    queue.put_back(last, "c")
    assert taken(queue, "b") == "2"
    assert not queue


def test_a_point_that_shares_nothing_is_done_again_at_once():
    queue = Waiting(Scaled(), points(3))
    queue.put_back(queue.take("a"), "a")
    assert taken(queue, "bbb") == "0 1 2"
