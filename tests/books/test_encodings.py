"""A text file is read in the encoding that it was saved in, or refused with what to do."""

from __future__ import annotations

import pytest

from voiceclone.books.encodings import decoded
from voiceclone.client.errors import BadInput

TEXTS = {
    "en": "“It was the best of times,” he said – and it was not that bad in the café of the town.",
    "de": "Es war spät, und der Mann ging nach Hause. Die Tür war nicht verschlossen, für ihn größer als sonst.",
    "fr": "Il était tard et elle ne dormait pas. C'était l'été, la fenêtre était ouverte sur le jardin.",
    "es": "El niño que no tenía nombre vivía en la montaña con su madre y los demás.",
    "it": "Era una notte buia e tempestosa, e non si vedeva la luna perché era già tardi, così è la vita.",
    "fi": "Hän oli kotona, mutta se ei auttanut häntä, kun yö oli niin pimeä että hän ei nähnyt.",
    "lv": "Viņš bija mājās, bet tas nav labi, jo viņa māte un tēvs ir šeit, kā arī brālis no pilsētas.",
    "ru": "Он был дома, но это не помогло, потому что ночь была так темна, что он ничего не видел.",
    "ar": "ذهب إلى البيت في المساء ولم يكن هناك من أحد على الباب الذي كان مفتوحا ثم عاد",
    "hi": "वह घर गया और उसने देखा कि कोई नहीं था।",
    "ja": "その日は天気がとてもよかったので、私は友だちと一緒に海へ出かけました。",
    "zh": "那是一个很好的天气，我们在海边走了很久，他说这里的人都不知道他是谁。",
    "zh-Hant": "那是一個很好的天氣，我們在海邊走了很久，他說這裡的人都不知道他是誰。",
}
UNICODE = "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32"
OLDER = {
    **dict.fromkeys(("de", "fr", "es", "it", "fi"), "latin-1 cp1252 mac-roman"),
    "en": "cp1252 mac-roman",
    "lv": "cp1257",
    "ru": "cp1251 koi8-r cp866 iso8859-5",
    "ar": "cp1256 iso8859-6",
    "ja": "cp932 euc-jp iso2022-jp",
    "zh": "gb18030 gbk",
    "zh-Hant": "big5",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_text_is_decoded_as_it_was_saved(language):
    """Lines too, however they end."""
    text = f"{TEXTS[language]}\r\n\r\n{TEXTS[language]}\r{TEXTS[language]}"
    encodings = f"{UNICODE} {OLDER.get(language, '')}".split()
    read = {each: decoded(text.encode(each)) for each in encodings}
    assert read == dict.fromkeys(encodings, text.replace("\r\n", "\n").replace("\r", "\n"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"caf\xe9", "not in UTF-8"),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" * 20, "not in UTF-8"),
        (bytes(range(256)) * 10, "UTF-8"),
        (b"\xff\xfea\0b", "UTF-16"),
        (b"\xfe\xff\xd8", "UTF-16"),
        (TEXTS["ru"].encode()[:50] + b"\xff" + TEXTS["ru"].encode()[50:], "not in UTF-8"),
        (b"a" * 2000 + b"\0", "null characters"),
    ],
)
def test_what_cannot_be_told_is_refused(data, said):
    with pytest.raises(BadInput, match=f"{said}.*: save it"):
        decoded(data)
