"""The words that Chinese and Japanese put between and beside numbers. Knows nothing of where they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """What differs between Chinese and Japanese."""

    to: str
    """Between two numbers: from five *to* ten."""
    minus: str
    plus: str
    clock: tuple[str, str, str]
    """Behind hours, minutes and seconds."""
    halves: tuple[str, str]
    """In front of a time, for AM and PM."""
    percent: str
    per_mille: str
    fraction: str
    """`{d}` parts, of which `{n}`."""
    against: str
    """Between the two sides of a score."""
    part: str
    """Between the numbers of a figure: 2-1."""
    power: str
    """`{}` is the exponent."""
    about: str
    many: str
    """Behind a number, where there are more."""
    between_groups: str
    """Of digits of a telephone."""
    yuan: str
    """What ¥ stands for."""
    dollar: str
    signs: Mapping[str, str]


STYLES = {
    "zh": Style(
        to="到", minus="负", plus="正", clock=("点", "分", "秒"), halves=("上午", "下午"), percent="百分之{}",
        per_mille="千分之{}", fraction="{d}分之{n}", against="比", part="杠", power="的{}次方", about="约", many="多",
        between_groups="，", yuan="元", dollar="美元",
        signs={
            "&": "和", "@": "艾特", "%": "百分号", "‰": "千分号", "+": "加", "=": "等于", "×": "乘", "÷": "除以",
            "±": "正负", "°": "度", "→": "到", "≈": "约等于", "≠": "不等于", "≤": "小于等于", "≥": "大于等于",
            "√": "根号", "∞": "无穷大", "²": "平方", "³": "立方", "№": "号", "℃": "摄氏度", "<": "小于", ">": "大于",
            ".": "点", "/": "斜杠", "_": "下划线", "-": "减", "#": "井号", "?": "问号", ":": "冒号",
        },
    ),
    "ja": Style(
        to="から", minus="マイナス", plus="プラス", clock=("時", "分", "秒"), halves=("午前", "午後"),
        percent="{}パーセント",
        per_mille="{}パーミル", fraction="{d}分の{n}", against="対", part="の", power="の{}乗", about="約", many="以上",
        between_groups="、", yuan="円", dollar="ドル",
        signs={
            "&": "アンド", "@": "アット", "%": "パーセント", "‰": "パーミル", "+": "プラス", "=": "イコール",
            "×": "かける", "÷": "わる", "±": "プラスマイナス", "°": "度", "→": "から", "≈": "約", "≠": "ノットイコール",
            "≤": "以下", "≥": "以上", "√": "ルート", "∞": "無限大", "²": "の二乗", "³": "の三乗", "№": "ナンバー",
            "℃": "度", "<": "小なり", ">": "大なり", ".": "ドット", "/": "スラッシュ", "_": "アンダーバー",
            "-": "ハイフン", "#": "シャープ", "?": "クエスチョン", ":": "コロン",
        },
    ),
}  # fmt: skip
