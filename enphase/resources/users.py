"""People: who the token acts as, who has an e-mail address, new home owners."""

from enphase.errors import Rejected
from enphase.records import User, UserMatch
from enphase.resources.base import Resource, filters


class Users(Resource):
    """`client.users`."""

    def get_current_user(self, expand_company: bool = True) -> User:
        """Return the user behind the token; with `company` (its country too) if expanded.

        The cheapest proof that key and token work together. `Rejected` 401 when they do not.
        Operation get_current_user.
        """
        query = {"expand": "company"} if expand_company else {}
        return self._transport.call("get_current_user", User.from_api, query=query)

    def search_users(self, email: str) -> UserMatch | None:
        """Return who has this e-mail address at Enlighten, or None if nobody has.

        It discloses whether a person has an account: the caller logs its use. `Rejected` 422 for
        text that is no address. Operation search_users.
        """
        query = filters({"email": email})
        try:
            return self._transport.call("search_users", UserMatch.from_api, query=query)
        except Rejected as refusal:
            if refusal.status != 404:
                raise
        return None

    def create_home_owner(
        self,
        email: str,
        first_name: str,
        last_name: str,
        phone: str | None = None,
        enlighten_emails: bool = False,
    ) -> User:
        """Create an Enlighten user who belongs to no company. Search for the address first.

        Enphase probably writes to the person. `Rejected` 422 when the address is taken ("Email has
        already been registered"). `OutcomeUnknown`: search for the address before anything else.
        Sent once, never repeated. Operation create_home_owner.
        """
        user: dict[str, str | bool] = {
            "email": email,
            "first_name": first_name,
            "last_name": last_name,
            "enlighten_emails": enlighten_emails,
        }
        if phone:
            user["phone"] = phone
        return self._transport.call("create_home_owner", User.from_api, body=user)
