"""States and provinces where Enphase knows them by code; elsewhere people type them."""

_US = """AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut
DE Delaware|DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana
IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan
MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire
NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma
OR Oregon|PA Pennsylvania|PR Puerto Rico|RI Rhode Island|SC South Carolina|SD South Dakota
TN Tennessee|TX Texas|UT Utah|VT Vermont|VI Virgin Islands|VA Virginia|WA Washington
WV West Virginia|WI Wisconsin|WY Wyoming"""
_CA = """AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador
NS Nova Scotia|NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec
SK Saskatchewan|YT Yukon"""
_AU = """ACT Australian Capital Territory|NSW New South Wales|NT Northern Territory|QLD Queensland
SA South Australia|TAS Tasmania|VIC Victoria|WA Western Australia"""


def _choices(text: str) -> list[tuple[str, str]]:
    rows = (row.partition(" ") for row in text.replace("\n", "|").split("|"))
    return [(code, f"{name} ({code})") for code, _, name in rows]


STATES = {"US": _choices(_US), "CA": _choices(_CA), "AU": _choices(_AU)}
# What the field is called; "State or province" elsewhere.
STATE_LABELS = {"US": "State", "CA": "Province", "AU": "State or territory"}
