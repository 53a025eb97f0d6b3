"""The demo users."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from faker import Faker

from blog.demo.writing import Topic

# Names below .example are never delivered to (RFC 2606, 2).
DOMAIN = "demo.example"
NAMES_PER_REGION = 400
# Letters that NFKD does not decompose.
UNACCENTED = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i"})  # noqa: RUF001


class Region(NamedTuple):
    """A region of residence, and Faker's locale for its names."""

    locale: str
    country: str
    cities: Sequence[str]


# Only regions where family names don't depend on gender.
REGIONS = (
    Region("da_DK", "Denmark", ("Aarhus", "Copenhagen", "Odense", "Svendborg")),
    Region("de_DE", "Germany", ("Bremen", "Freiburg", "Hamburg", "Leipzig", "Regensburg")),
    Region("en_GB", "England", ("Bristol", "Falmouth", "Leeds", "Norwich", "Sheffield", "York")),
    Region("en_IE", "Ireland", ("Cork", "Dublin", "Galway", "Kinsale", "Sligo")),
    Region("en_IN", "India", ("Bengaluru", "Chennai", "Jaipur", "Kochi", "Pune")),
    Region("en_KE", "Kenya", ("Kisumu", "Mombasa", "Nairobi", "Nakuru")),
    Region("en_US", "USA", ("Asheville", "Duluth", "Madison", "Portland", "Tucson", "Vermont")),
    Region("es_ES", "Spain", ("Bilbao", "Girona", "Granada", "Seville", "Vigo")),
    Region("fi_FI", "Finland", ("Helsinki", "Oulu", "Tampere", "Turku")),
    Region("fr_CA", "Canada", ("Gatineau", "Montréal", "Québec", "Rimouski")),
    Region("fr_FR", "France", ("Brest", "Grenoble", "Lyon", "Nantes", "Toulouse")),
    Region("it_IT", "Italy", ("Bologna", "Genoa", "Lecce", "Turin", "Verona")),
    Region("nl_NL", "Netherlands", ("Delft", "Groningen", "Haarlem", "Utrecht")),
    Region("no_NO", "Norway", ("Bergen", "Bodø", "Stavanger", "Tromsø")),
    Region("pt_BR", "Brazil", ("Curitiba", "Florianópolis", "Olinda", "Recife")),
    Region("sv_SE", "Sweden", ("Gothenburg", "Kalmar", "Umeå", "Uppsala", "Visby")),
    Region("tr_TR", "Turkey", ("Ankara", "Eskişehir", "Istanbul", "Izmir")),
    Region("yo_NG", "Nigeria", ("Abeokuta", "Ibadan", "Lagos", "Osogbo")),
)


class Person(NamedTuple):
    """The account and profile of a user."""

    username: str
    email: str
    role: str
    name: str
    location: str
    about_me: str


# The first users, with any seed, for logging in and for benchmarks.
CAST = (
    Person("maya", f"maya@{DOMAIN}", "Administrator", "Maya Lindqvist", "Visby, Sweden",
           "Started this place with three friends and a borrowed server. Hello!"),
    Person("robin", f"robin@{DOMAIN}", "User", "Robin Hale", "Falmouth, England",
           "Curious about nearly everything. Say hello!"),
    Person("iris", f"iris@{DOMAIN}", "Moderator", "Iris Okafor", "Galway, Ireland",
           "Reads everything that is written here. Somebody has to keep the tea warm."),
    Person("henrik", f"henrik@{DOMAIN}", "User", "Henrik Dahl", "Bergen, Norway",
           "Here for a few old friends who hardly ever write. I can wait."),
)  # fmt: skip
FOUNDER, MEMBER, READER, PATIENT = range(4)


def interests(person: int, topics: int) -> tuple[int, int]:
    """The two topics of a user, the main one first."""
    main = person % topics
    return main, (main + 1 + (person // topics + topics // 2) % (topics - 1)) % topics


def generate_people(
    random: Random, number: int, topics: Sequence[Topic], taken: set[str]
) -> Iterator[Person]:
    """Generate users: the cast first, then others.

    Args:
        random: the source of randomness.
        number: the number of users.
        topics: the topics; see `interests`.
        taken: the usernames, in lower case, that are not available; the new ones are added.
    """
    residents = [_Residents(random, region) for region in REGIONS]
    for one in CAST[:number]:
        yield one._replace(username=_choose_username(random, one.username, taken))
    for person in range(len(CAST), number):
        name, location = random.choice(residents).one(random)
        main, other = (topics[topic] for topic in interests(person, len(topics)))
        about = random.choice(main.about)
        if random.random() < 0.5:
            about += f" Also here for the {other.name}."
        username = _choose_username(random, _generate_username(random, name), taken)
        yield Person(username, f"{username}@{DOMAIN}", "User", name, location, about)


class _Residents:
    """The residents of a region. Faker is slow, so it generates only a few hundred names."""

    def __init__(self, random: Random, region: Region) -> None:
        faker = Faker(region.locale)
        faker.seed_instance(random.getrandbits(32))
        self._first = [faker.first_name() for _ in range(NAMES_PER_REGION)]
        self._last = [faker.last_name() for _ in range(NAMES_PER_REGION)]
        self._region = region

    def one(self, random: Random) -> tuple[str, str]:
        """Choose a full name and a location."""
        name = f"{random.choice(self._first)} {random.choice(self._last)}"
        return name, f"{random.choice(self._region.cities)}, {self._region.country}"


def _generate_username(random: Random, name: str) -> str:
    """Generate a plausible username for a name, in ASCII."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(UNACCENTED))
    first, _, last = plain.encode("ascii", "ignore").decode().partition(" ")
    first, last = (re.sub("[^a-z]", "", part) for part in (first, last))
    styles = (first, f"{first}.{last}", f"{first}_{last}", f"{first[0]}{last}", f"{first}{last[0]}")
    return random.choice(styles)


def _choose_username(random: Random, wanted: str, taken: set[str]) -> str:
    username = wanted
    while username in taken:
        username = f"{wanted}{random.randrange(2, 10_000)}"
    taken.add(username)
    return username
