"""Folders of a build that is in progress: moved to their final paths together, and never left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builder.errors import OutputError
from builder.execution.folder_lock import acquire, create_locked, remove_abandoned
from builder.execution.staging import folder_written_aside, written_aside


def test_a_data_set_that_cannot_be_moved_leaves_no_answers_and_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if Path(target).name == "out":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OutputError, match="No space left") as caught, written_aside(tmp_path / "out") as folders:
        (folders.private / "answers").write_text("")
    assert set(tmp_path.iterdir()) == set(folders)
    assert all(repr(str(folder)) in str(caught.value) for folder in folders)
    assert (folders.private / "answers").exists()


@pytest.mark.parametrize("write", [written_aside, folder_written_aside])
def test_a_full_disk_is_reported_in_one_sentence(tmp_path: Path, write: Any) -> None:
    with (
        pytest.raises(OutputError, match=r"'.*/out' cannot be written: No space left.*Make room"),
        write(tmp_path / "out"),
    ):
        raise OSError(28, "No space left on device")
    with pytest.raises(FileNotFoundError), write(tmp_path / "out"):  # an error of this code
        raise FileNotFoundError(2, "No such file")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_process_writes_is_not_removed(tmp_path: Path) -> None:
    one, other = create_locked(tmp_path / "a", tmp_path / "a-private")
    with written_aside(tmp_path / "a"), written_aside(tmp_path / "a-private"):
        assert acquire(one.path) is None
        assert one.path.exists()
        assert other.path.exists()
    one.release()
    remove_abandoned(tmp_path / "a")
    assert not one.path.exists()
    other.release()


def test_leftovers_are_removed_whatever_the_name(tmp_path: Path) -> None:
    leftover = tmp_path / ".a[1].partial-99999999-x"
    leftover.mkdir()
    with written_aside(tmp_path / "a[1]"):
        assert not leftover.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a[1]", "a[1]-private"]


def test_folders_of_other_names_are_never_removed(tmp_path: Path) -> None:
    names = ["99999999", "99999999-backup", ".b.partial-99999999-x", "a.partial-99999999-x", "99999999.partial-1"]
    for name in names:
        (tmp_path / name).mkdir()
    with written_aside(tmp_path / "a"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "a", "a-private"])


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be created"), written_aside(tmp_path / "file" / "out"):
        pass
