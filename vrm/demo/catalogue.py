"""What the players of a demonstration want and sell, and where they live.

Brands are invented. GTINs begin with 2, the prefix for restricted circulation (GS1 General Specifications,
section 2.1), so that none belongs to a real article; their check digits are right. Amounts are hundredths of
the market's currency. Places are the centroids of real US postal codes from the package ``zipcodes``
(code MIT, data CC BY 4.0).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from vrm.documents.scalars import DeliveryWay
from vrm.places import Town, postal_code, postal_codes_near

METROPOLITAN_KM: Final = 35


@dataclass(frozen=True)
class Item:
    """An article or a service.

    Attributes:
        title: as a shop's shelf has it; every word of ``wanted_as`` occurs in it, in the brand or the model.
        wanted_as: as a customer would put it.
        usual: a common price in hundredths.
        demand: how often it is wanted, against the other items.
    """

    sku: str
    category: str
    title: str
    wanted_as: str
    usual: int
    demand: int = 3
    brand: str = ""
    model: str = ""
    body: str = ""
    """The GTIN without its check digit; empty for services and one-off things."""

    @cached_property
    def gtin(self) -> str:
        """The GTIN-13, or empty text where the item has none."""
        return self.body + _check_digit(self.body) if self.body else ""


@dataclass(frozen=True)
class Shop:
    """A kind of shop.

    Attributes:
        names: how shops of this kind call themselves; ``{}`` stands for the town.
        carries: the skus on its shelves; a shop may lack a few of them.
        share: how many there are, against the other kinds.
        capacity: the fewest and the most requests that one takes in a day.
        reach_km: the least and the greatest distance to which one ships or drives.
        to_suspend: the operator suspends it after it has bid, so that its bids stand and cannot win.
    """

    kind: str
    names: tuple[str, ...]
    categories: tuple[str, ...]
    carries: tuple[str, ...]
    delivery: tuple[DeliveryWay, ...]
    share: int
    capacity: tuple[int, int]
    reach_km: tuple[int, int]
    to_suspend: bool = False


@dataclass(frozen=True)
class Brand:
    """A maker that lists articles of its own.

    Attributes:
        carries: the skus that it lists, each at its usual price.
        sold_by: the kind of shop that it authorises; empty for all vendors.
    """

    name: str
    carries: tuple[str, ...]
    delivery: tuple[DeliveryWay, ...]
    sold_by: str = ""


ITEMS: Final = (
    Item("stroller-twin", "baby", "Twin stroller, side by side", "Twin stroller", 24900, 6,
         "Pramwell", "Duo 2", "200000010001"),
    Item("car-seat", "baby", "Convertible car seat", "Convertible car seat", 18900, 4,
         "Safebank", "CS-40", "200000010002"),
    Item("baby-carrier", "baby", "Baby carrier, cotton", "Baby carrier", 6900, 3,
         "Pramwell", "Wrap", "200000010003"),
    Item("city-bicycle", "bicycles", "City bicycle, 7 gears", "City bicycle", 52000, 7,
         "Lakefront", "C7", "200000020001"),
    Item("helmet", "bicycles", "Bicycle helmet, size M", "Bicycle helmet size M", 5800, 6,
         "Lakefront", "Dome M", "200000020002"),
    Item("bicycle-trailer", "bicycles", "Bicycle trailer for two children", "Bicycle trailer", 31000, 5,
         "Hauly", "T2", "200000020003"),
    Item("atlas", "books", "Illustrated atlas of the Great Lakes", "Atlas of the Great Lakes", 4500, 2,
         body="200000030001"),
    Item("headphones", "electronics", "Noise cancelling headphones, wireless", "Noise cancelling headphones",
         14900, 6, "Aurelis", "Q30", "200000040001"),
    Item("monitor", "electronics", "Monitor, 27 inch", "Monitor 27 inch", 22900, 5,
         "Viewlet", "V27", "200000040002"),
    Item("coffee", "food", "Whole bean coffee, 1 kg", "Whole bean coffee 1 kg", 2400, 3,
         "Third Rail", "Dark", "200000050001"),
    Item("hedge-trimmer", "garden", "Cordless hedge trimmer", "Cordless hedge trimmer", 11900, 3,
         "Verdo", "H18", "200000060001"),
    Item("raised-bed", "garden", "Raised garden bed, larch", "Raised garden bed", 8900, 2,
         body="200000060002"),
    Item("blood-pressure", "health", "Blood pressure monitor, upper arm", "Blood pressure monitor", 4900, 3,
         "Cardia Plus", "BP2", "200000070001"),
    Item("pot", "home", "Cast iron pot, 5 litres", "Cast iron pot", 8500, 3,
         "Hearthside", "P5", "200000080001"),
    Item("stand-mixer", "home", "Stand mixer, 5 litres", "Stand mixer", 27900, 4,
         "Hearthside", "M5", "200000080002"),
    Item("guitar", "music", "Acoustic guitar, full size", "Acoustic guitar", 19900, 3,
         "Wabash", "D10", "200000090001"),
    Item("digital-piano", "music", "Digital piano, 88 keys", "Digital piano 88 keys", 54900, 2,
         "Wabash", "Stage 88", "200000090002"),
    Item("office-chair", "office", "Office chair with lumbar support", "Office chair", 21000, 4,
         "Sitwise", "L3", "200000100001"),
    Item("label-printer", "office", "Label printer", "Label printer", 9500, 2,
         "Tagger", "LP1", "200000100002"),
    Item("dog-bed", "pets", "Dog bed, large", "Dog bed large", 6000, 3,
         "Nappo", "XL", "200000110001"),
    Item("cat-tree", "pets", "Cat tree, 150 cm", "Cat tree", 11000, 2,
         "Nappo", "T150", "200000110002"),
    Item("washer-repair", "repair", "Washing machine repair", "Washing machine repair", 12000, 4),
    Item("brake-service", "repair", "Bicycle brake service", "Bicycle brake service", 4500, 3),
    Item("tent", "sports", "Two-person tent", "Two-person tent", 16000, 4,
         "Dunes", "Trek 2", "200000120001"),
    Item("cordless-drill", "tools", "Cordless drill, 18 V", "Cordless drill 18 V", 9900, 5,
         "Boltman", "D18", "200000130001"),
    Item("step-ladder", "tools", "Step ladder, 5 steps", "Step ladder", 7500, 2,
         "Boltman", "S5", "200000130002"),
    Item("train-set", "toys", "Wooden train set", "Wooden train set", 5500, 4,
         "Kinderly", "Loop", "200000140001"),
    # In demand, but the only tuners are suspended after they have bid.
    Item("piano-tuning", "repair", "Piano tuning", "Piano tuning", 14000, 3),
    # Nobody carries these.
    Item("bagpipes", "music", "Left-handed bagpipes", "Left-handed bagpipes", 90000, 1),
    Item("sextant", "other", "Brass sextant", "Brass sextant", 32000, 1),
    Item("bee-suit", "garden", "Beekeeping suit for a child", "Beekeeping suit for a child", 7000, 1),
)  # fmt: skip

SHOPS: Final = (
    Shop("baby", ("{} Baby Store", "Little {}"), ("baby", "toys"),
         ("stroller-twin", "car-seat", "baby-carrier", "train-set"), ("ship", "pickup"), 8, (3, 5), (20, 35)),
    Shop("bicycles", ("{} Cycles", "Wheels of {}"), ("bicycles", "repair"),
         ("city-bicycle", "helmet", "bicycle-trailer", "brake-service"), ("ship", "pickup", "on-site"), 8,
         (3, 5), (20, 35)),
    Shop("electronics", ("{} Electronics", "Signal {}"), ("electronics", "office"),
         ("headphones", "monitor", "label-printer"), ("ship", "pickup"), 8, (2, 3), (20, 40)),
    Shop("household", ("{} Home & Kitchen", "The {} Pantry"), ("home", "food"),
         ("pot", "stand-mixer", "coffee"), ("ship", "pickup"), 7, (3, 5), (20, 40)),
    Shop("hardware", ("{} Hardware", "{} Tool Depot"), ("tools", "garden"),
         ("cordless-drill", "step-ladder", "hedge-trimmer", "raised-bed"), ("ship", "pickup"), 8, (2, 4),
         (20, 35)),
    Shop("music", ("{} Music",), ("music",), ("guitar", "digital-piano"), ("ship", "pickup"), 4, (2, 4),
         (30, 60)),
    Shop("office", ("{} Office Supply",), ("office",), ("office-chair", "label-printer"), ("ship", "pickup"),
         4, (3, 5), (30, 50)),
    Shop("pets", ("{} Pets",), ("pets",), ("dog-bed", "cat-tree"), ("ship", "pickup"), 4, (3, 5), (30, 50)),
    Shop("outdoor", ("{} Outfitters",), ("sports", "bicycles"), ("tent", "helmet"), ("ship", "pickup"), 4,
         (3, 5), (30, 50)),
    Shop("pharmacy", ("{} Pharmacy",), ("health", "books"), ("blood-pressure", "atlas"), ("ship", "pickup"),
         4, (2, 5), (30, 50)),
    Shop("workshop", ("{} Appliance Repair",), ("repair",), ("washer-repair",), ("on-site",), 4, (2, 3),
         (25, 40)),
    Shop("tuner", ("{} Piano Tuners",), ("repair",), ("piano-tuning",), ("on-site",), 2, (3, 4), (70, 80),
         to_suspend=True),
)  # fmt: skip

BRANDS: Final = (
    Brand("Pramwell", ("stroller-twin", "baby-carrier"), ("ship", "pickup"), sold_by="baby"),
    Brand("Lakefront", ("city-bicycle", "helmet"), ("ship", "pickup")),
)

BY_SKU: Final = {item.sku: item for item in ITEMS}


def towns(centre: str, within_km: int = METROPOLITAN_KM) -> list[Town]:
    """List the active standard postal codes around one of them, by code.

    Raises:
        UsageError: ``centre`` is no US postal code that this installation knows.
    """
    return postal_codes_near(postal_code(centre).at, within_km)


def _check_digit(body: str) -> str:
    """Compute the GS1 check digit (General Specifications, section 7.9)."""
    total = sum(int(c) * (1 if i % 2 else 3) for i, c in enumerate(reversed(body)))
    return str(-total % 10)
