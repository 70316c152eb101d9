from pathlib import Path

from shared.snapshot.vocabulary import Vocabulary, VocabularyWriter, spelled


def vocabulary(folder: Path, *names: str) -> Vocabulary:
    writer = VocabularyWriter(folder)
    for name in names:
        writer.add([name])
    writer.finish()
    return Vocabulary.open(folder)


def test_a_word_counts_once_a_product(tmp_path: Path) -> None:
    words = vocabulary(tmp_path, "Kettle kettle", "KETTLE blue")
    assert words.count("kettle") == 2 and words.count("blue") == 1 and words.count("red") == 0


def test_only_words_of_letters_are_spelled() -> None:
    assert spelled("Crème 4GB usb2 TV x Größe iPad") == [
        "creme",
        "große".replace("ß", "ss"),
        "ipad",
    ]


def test_words_within_the_distance_are_never_missed(tmp_path: Path) -> None:
    words = vocabulary(tmp_path, "bluetooth speaker", "tooth", "blue", "toothbrush")
    assert ("bluetooth", 1) in words.near("bluetoth", 1)
    assert ("bluetooth", 1) in words.near("blutoothh", 2)
    assert ("tooth", 1) not in words.near("bluetoth", 1)


def test_an_empty_vocabulary_is_near_to_nothing(tmp_path: Path) -> None:
    assert vocabulary(tmp_path).near("word", 2) == []


def test_of_very_many_words_that_are_near_the_most_alike_are_looked_at(tmp_path: Path) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = [f"bluetoot{one}{two}{three}" for one in letters for two in letters for three in letters]
    near = vocabulary(tmp_path, *names, "bluetoothe").near("bluetoothx", 2)
    assert len(near) <= 5_000 and ("bluetoothe", 1) in near
