"""The tier in memory: a budget of bytes, least recently used out first."""

from __future__ import annotations

from studio.cache.memory import MemoryTier


def test_the_least_recently_used_goes_first() -> None:
    memory = MemoryTier(30)
    for name in "abc":
        memory.put(name, name.upper(), 10)
    memory.get("a")
    memory.put("d", "D", 10)

    assert [memory.get(name) for name in "abcd"] == ["A", None, "C", "D"]
    assert memory.used_bytes == 30


def test_one_large_value_pushes_out_several() -> None:
    memory = MemoryTier(30)
    for name in "abc":
        memory.put(name, name, 10)
    memory.put("big", "big", 25)

    assert (len(memory), memory.used_bytes) == (1, 25)


def test_what_exceeds_the_budget_is_not_kept_and_pushes_nothing_out() -> None:
    memory = MemoryTier(30)
    memory.put("a", "A", 10)
    memory.put("big", "big", 31)

    assert (memory.get("a"), memory.get("big", "none")) == ("A", "none")


def test_putting_again_replaces_the_size() -> None:
    memory = MemoryTier(30)
    memory.put("a", 1, 20)
    memory.put("a", 2, 5)

    assert (memory.get("a"), memory.used_bytes) == (2, 5)


def test_none_is_a_value() -> None:
    memory = MemoryTier(30)
    memory.put("a", None, 1)

    assert memory.get("a", "missing") is None


def test_dropping_gives_the_bytes_back() -> None:
    memory = MemoryTier(30)
    memory.put("a", 1, 20)
    memory.drop("a")
    memory.drop("never there")

    assert (len(memory), memory.used_bytes) == (0, 0)
    memory.put("b", 1, 20)
    memory.clear()
    assert memory.used_bytes == 0
