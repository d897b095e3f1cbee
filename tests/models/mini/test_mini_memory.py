"""Memory: what is out of sight stays where it was, what moves is believed, and where things began is kept."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from vla_isaac.models.mini.detector import NUM_DETECTIONS, Detections  # noqa: E402
from vla_isaac.models.mini.memory import WIDTH, Memory, pack, unpack, update_memory  # noqa: E402

HERE, THERE = (0.50, 0.10, 0.02), (0.55, 0.10, 0.02)
FAR_HAND, NEAR_HAND = (0.30, -0.40, 0.40), (0.50, 0.10, 0.05)
UNSEEN_WEIGHT = 2e-6  # what two cameras that miss a thing leave of its weight


def look(place=HERE, *, presence: float = 0.95, weight: float = 2.0) -> Detections:
    """Return a look at a scene in which everything is at one place."""
    at = torch.tensor(place).expand(1, NUM_DETECTIONS, 3)
    of = torch.ones(1, NUM_DETECTIONS)
    return Detections(presence * of, at, weight * of, torch.ones(1, NUM_DETECTIONS, 2), torch.ones(1, NUM_DETECTIONS, 2))


def unseen(place=(0.7, -0.3, 0.02)) -> Detections:
    return look(place, presence=0.05, weight=UNSEEN_WEIGHT)


def nothing() -> Memory:
    return unpack(torch.zeros(1, WIDTH))


def after(*looks: Detections, hand=FAR_HAND, old: Memory | None = None) -> Memory:
    known = nothing() if old is None else old
    for one in looks:
        known = update_memory(known, one, torch.tensor([hand]))
    return known


def place_of(known: Memory) -> list[float]:
    return known.place[0, 0].tolist()


def start_of(known: Memory) -> list[float]:
    return known.start[0, 0].tolist()


def test_zeros_know_of_nothing():
    known = nothing()
    assert known.presence.abs().max() == known.trust.abs().max() == known.start_trust.abs().max() == 0.0
    assert known.bound[..., 2].abs().max() == known.offset.abs().max() == 0.0


def test_the_first_look_is_believed_as_it_is():
    known = after(look(HERE))
    assert place_of(known) == pytest.approx(HERE, abs=1e-5)
    assert start_of(known) == pytest.approx(HERE, abs=1e-5)
    assert float(known.presence[0, 0]) == pytest.approx(0.95)


def test_what_is_no_longer_seen_stays_where_it_was():
    assert place_of(after(look(HERE), *[unseen()] * 6)) == pytest.approx(HERE, abs=1e-3)


def test_what_the_hand_hides_stays_where_it_was_for_a_few_looks():
    hidden = after(*[unseen()] * 4, hand=NEAR_HAND, old=after(look(HERE)))
    assert place_of(hidden) == pytest.approx(HERE, abs=2e-3)


def test_the_presence_of_what_is_no_longer_seen_fades_by_seven_hundredths_each_time():
    faded = [float(after(look(HERE), *[unseen()] * count).presence[0, 0]) for count in range(4)]
    assert faded == pytest.approx([0.95, 0.95 * 0.93, 0.95 * 0.93**2, 0.95 * 0.93**3])


def test_a_thing_that_jumps_by_five_centimetres_while_surely_seen_is_believed_at_once():
    assert place_of(after(look(THERE), old=after(*[look(HERE)] * 10))) == pytest.approx(THERE, abs=1e-5)


def test_one_doubtful_look_elsewhere_does_not_move_a_thing():
    known = after(look(THERE, presence=0.3, weight=0.1), old=after(*[look(HERE)] * 10))
    assert place_of(known) == pytest.approx(HERE, abs=3e-3)


def test_looks_that_scatter_are_averaged():
    left, right = (0.50, 0.09, 0.02), (0.50, 0.11, 0.02)
    known = after(*[look(left), look(right)] * 5)
    assert abs(place_of(known)[1] - 0.10) < 0.006  # each look alone is 1 cm off


def test_where_a_thing_began_is_refined_while_the_hand_is_far():
    known = after(look((0.50, 0.11, 0.02)), *[look(HERE)] * 20)
    assert abs(start_of(known)[1] - HERE[1]) < abs(start_of(after(look((0.50, 0.11, 0.02))))[1] - HERE[1]) / 2


def test_where_a_thing_began_stays_once_the_hand_was_near_it():
    known = after(*[look(HERE)] * 3)
    known = after(look(HERE), hand=NEAR_HAND, old=known)
    for step in range(1, 6):  # pushed along, a centimetre each time
        at = (HERE[0], HERE[1] + 0.01 * step, HERE[2])
        known = after(look(at), hand=(at[0], at[1], 0.05), old=known)
    known = after(*[look(at)] * 5, old=known)
    assert place_of(known) == pytest.approx(at, abs=2e-3)
    assert start_of(known) == pytest.approx(HERE, abs=1e-5)


def test_where_a_thing_began_was_a_mistake_if_it_is_elsewhere_and_nobody_touched_it():
    known = after(*[look(THERE)] * 5, old=after(look(HERE)))
    assert start_of(known) == pytest.approx(THERE, abs=1e-4)


def test_a_memory_that_is_packed_and_unpacked_is_the_same():
    numbers = torch.rand(3, WIDTH, generator=torch.Generator().manual_seed(0))
    assert pack(unpack(numbers)).equal(numbers)
    assert len(set(numbers[0].tolist())) == len({float(v) for part in unpack(numbers[:1]) for v in part.flatten()})


def test_what_is_known_of_one_scene_is_kept_apart_from_another():
    both = unpack(torch.zeros(2, WIDTH))
    one, other = look(HERE), look(THERE)
    seen = Detections(*(torch.cat(pair) for pair in zip(one, other, strict=True)))
    known = update_memory(both, seen, torch.tensor([FAR_HAND, FAR_HAND]))
    assert known.place[:, 5].tolist() == [pytest.approx(HERE, abs=1e-5), pytest.approx(THERE, abs=1e-5)]
