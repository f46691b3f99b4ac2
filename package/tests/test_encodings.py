"""How a file is encoded: recognised where it is sure, else asked about, never guessed in silence."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from classification_model import bundle, make_prediction
from classification_model.batch.run import score_files
from classification_model.cli.review import evaluate_saved
from classification_model.config.home import Home
from classification_model.errors import DataError
from classification_model.init import scaffold
from classification_model.processing.reading.charsets import Unsure
from classification_model.processing.reading.encodings import decided
from classification_model.train_pipeline import run_training
from homes import parsed

CITIES = {
    "cp1251": ["Москва", "Казань", "Самара", "Омск", "Тула"],
    "shift_jis": ["東京", "大阪", "名古屋", "札幌", "カタカナ"],
    "gb18030": ["北京", "上海", "广州", "深圳", "成都"],
    "euc_kr": ["서울", "부산", "대구", "인천", "광주"],
    "big5": ["臺北", "高雄", "台中", "新竹", "花蓮"],
    "cp1253": ["Αθήνα", "Πάτρα", "Βόλος"],
    "cp1255": ["ירושלים", "חיפה"],
    "cp1252": ["Zürich", "Genève", "São Tomé", "L\u2019été", "5 €", "20°C"],
    "cp1250": ["Łódź", "Kraków", "Wrocław"],
    "cp1250 of Czechs": ["Plzeň", "Kroměříž", "Třebíč"],
    "cp1254": ["İstanbul", "Şanl\u0131urfa"],
    "koi8_r": ["Москва", "Казань", "Самара"],
    "mac_roman": ["Zürich", "Genève", "Köln"],
}


def csv_of(cities: list[str], rows: int = 60) -> str:
    lines = [f"{i},{cities[i % len(cities)]},{'no' if i % 3 else 'yes'}\n" for i in range(rows)]
    return "x,city,y\n" + "".join(lines)


@pytest.mark.parametrize(
    "encoding",
    ["cp1251", "shift_jis", "gb18030", "euc_kr", "big5", "cp1253", "cp1255", "cp1252", "koi8_r"],
)
def test_an_encoding_that_is_sure_is_recognised(encoding: str) -> None:
    text = csv_of(CITIES[encoding])
    source = text.encode(encoding)
    told, _ = decided(io.BytesIO(source))
    assert source.decode(told) == text


@pytest.mark.parametrize("encoding", ["cp1250", "cp1250 of Czechs", "cp1254", "mac_roman"])
def test_an_encoding_that_is_not_sure_is_asked_about(encoding: str) -> None:
    cities, encoding = CITIES[encoding], encoding.partition(" ")[0]
    source = csv_of(cities).encode(encoding)
    with pytest.raises(Unsure) as error:
        decided(io.BytesIO(source))
    readings = str(error.value)
    assert any(city in readings for city in cities), "the right one is among those shown"
    with pytest.raises(DataError, match=r"not sure what it is .*; say it with --encoding"):
        parsed(source, name="towns.csv")
    assert parsed(source, name="towns.csv", encoding=encoding).rows[0][1] in cities


def test_a_few_words_are_too_few_to_be_sure() -> None:
    with pytest.raises(Unsure, match=r"Тула \(cp1251\)"):
        decided(io.BytesIO("x,city\n1,Тула\n".encode("cp1251")))


@pytest.mark.parametrize("content", [b"\x80\x04\x95\0\0\xff\xfe", b"x,y\n\xe8\0,1\n"])
def test_a_file_with_zeros_is_no_text_and_nobody_is_asked_for_its_encoding(content: bytes) -> None:
    with pytest.raises(DataError, match=r"line [12]: .* save (it as|the file as) text, as CSV"):
        parsed(content, name="model.csv")


def test_mostly_utf_8_stays_utf_8_and_its_bad_lines_are_named() -> None:
    lines = [csv_of(CITIES["cp1252"], 200).encode(), b"201,Gen\xe8ve,no\n", b"202,Z\xfcrich,yes\n"]
    with pytest.raises(
        DataError,
        match=r"towns.csv, line 202: is not utf-8; line 203: is not utf-8; mend the lines, or save",
    ):
        parsed(b"".join(lines), name="towns.csv")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_at_the_beginning_decides(encoding: str) -> None:
    source = csv_of(["Zürich", "Łódź"]).encode(encoding)
    assert parsed(source, name="towns.csv").columns == ("x", "city", "y")


def test_an_encoding_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="--encoding klingon: no such encoding"):
        parsed(b"x,y\n1,2\n", name="towns.csv", encoding="klingon")


@pytest.fixture(scope="module")
def czech(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home trained on a table that a person said is in cp1250."""
    folder = tmp_path_factory.mktemp("czech")
    cities = CITIES["cp1250 of Czechs"]
    rows = [f"{n % 9},{cities[n % 3]},{'no' if n % 5 > 1 else 'yes'}\n" for n in range(90)]
    (folder / "towns.csv").write_bytes(("x,city,y\n" + "".join(rows)).encode("cp1250"))
    home, _ = scaffold.create(folder / "towns.csv", "y", folder / "home", encoding="cp1250")
    text = home.config_file.read_text(encoding="utf-8")
    text = text.replace("estimator: auto", "estimator: logistic_regression")
    home.config_file.write_text(text, encoding="utf-8")
    run_training(home.path)
    return home


@pytest.mark.parametrize("encoding", ["cp1250", "utf-8", "utf-16"])
def test_files_to_score_may_be_in_the_encoding_of_the_table(
    czech: Home, tmp_path: Path, encoding: str
) -> None:
    """Alone the word would be asked about; a file that says what it is, is that all the same."""
    assert bundle.load(czech).manifest.encoding == "cp1250"
    new, labelled, output = (tmp_path / f"{name}.csv" for name in ("new", "labelled", "out"))
    new.write_bytes("x,city\n1,Plzeň\n7,Kroměříž\n".encode(encoding))
    labelled.write_bytes("x,city,y\n1,Plzeň,no\n7,Kroměříž,yes\n".encode(encoding))
    scored = score_files([new], output, home=czech.path)
    assert (scored.scored, scored.warned) == (2, {})  # no category that was never seen
    assert output.read_text(encoding="utf-8").splitlines()[1].startswith("1,Plzeň,")
    assert make_prediction(input_data=str(new), home=czech.path)["warnings"] == []
    assert evaluate_saved(czech.path, labelled=labelled).metrics.rows == 2


def test_a_hint_that_cannot_be_is_none() -> None:
    text = csv_of(CITIES["cp1251"])
    assert decided(io.BytesIO(text.encode("cp1251")), hint="shift_jis")[0] == "cp1251"
    assert decided(io.BytesIO(text.encode()), hint="cp1251")[0] == "utf-8"
    assert decided(io.BytesIO(text.encode("utf-16-le")), hint="utf-16-le")[0] == "utf-16-le"
