from pathlib import Path

from support.command import Inrhw, contents, refused

from inrhw.cli.build_folder import BuildFolder


def test_what_stages_left_goes_and_no_result_does(built: Path, inrhw_: Inrhw) -> None:
    work = BuildFolder(built)
    record = work.record()
    logs = [
        name
        for entry in record.values()
        for name in entry.left
        if not name.endswith((".json", ".html", ".png"))
    ]
    assert any((built / name).exists() for name in logs)
    before = contents(built)
    (built / ".synth.part").mkdir()  # as a killed command leaves it
    (built / ".report.json.part").touch()
    cleaned = inrhw_("clean", str(built))
    assert (cleaned.status, cleaned.out.split()[0]) == (0, "freed")
    assert not any((built / name).exists() for name in logs)
    after = contents(built)
    assert {*after} < {*before}
    assert all(after[name] == before[name] for name in after)
    for name, entry in record.items():
        assert all((built / file).exists() for file, digest in entry.files.items() if digest), name
    assert inrhw_("report", str(built)).status == 0


def test_a_link_that_names_itself_is_no_traceback(built: Path, inrhw_: Inrhw) -> None:
    (built / "activity.npz").unlink()
    (built / "activity.npz").symlink_to("activity.npz")
    assert inrhw_("clean", built).status == 0


def test_a_folder_that_is_no_build_is_left_alone(tmp_path: Path, inrhw_: Inrhw) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "build").mkdir()
    refused(inrhw_("clean", str(tmp_path / "mine")), "is not a build: it has no readable stages.json")
    assert (tmp_path / "mine" / "build").exists()
