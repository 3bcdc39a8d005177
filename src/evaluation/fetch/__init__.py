"""Tables of Statistics Norway, or of another PxWebApi v2, fetched by their id into a data folder.

`fetch` asks for a table's metadata, chooses values, splits what is larger than the server allows, and leaves a
JSON-stat2 file that `sources.yaml` can name, with a note of where it comes from beside it. `plan` says what it would
cost. See https://www.ssb.no/en/api/pxwebapiv2 and https://www.pxtools.net/PxWebApi/documentation/user-guide/.
"""

from evaluation.fetch.client import SERVER, Client, FetchError
from evaluation.fetch.plan import Plan
from evaluation.fetch.select import read_selection
from evaluation.fetch.tables import Fetched, fetch, plan

__all__ = ["SERVER", "Client", "FetchError", "Fetched", "Plan", "fetch", "plan", "read_selection"]
