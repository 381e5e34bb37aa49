"""People: who the token acts as, who has an e-mail address, new home owners."""

from typing import Literal

from enphase.errors import Rejected
from enphase.records import User, UserMatch
from enphase.resources.base import Resource, expanded, filters, user_fields

# my: MyEnlighten. manager: Enlighten Manager, which needs a company and an agreement with Enphase.
View = Literal["my", "manager"]


class Users(Resource):
    """`client.users`."""

    def get_current_user(self, expand_company: bool = True) -> User:
        """Return the user behind the token; with `company` (its country too) if expanded.

        The cheapest proof that key and token work together. `Rejected` 401 when they do not.
        Operation get_current_user.
        """
        return self._transport.call(
            "get_current_user", User.from_api, query=expanded(expand_company)
        )

    def get_user(self, user_id: int, expand_company: bool = True) -> User:
        """Return a user: yourself, one of your company or its branches, or one you created.

        `Rejected` 401 for anybody else, 404 for nobody. Operation get_user.
        """
        return self._transport.call(
            "get_user", User.from_api, path={"user_id": user_id}, query=expanded(expand_company)
        )

    def get_activation_user(
        self, activation_id: int, user_id: int, expand_company: bool = True
    ) -> User:
        """Return a user in the scope of a site: its owner or host, or one you may see anyway.

        `Rejected` 401 for anybody else, 404 for nobody. Operation get_activation_user.
        """
        return self._transport.call(
            "get_activation_user",
            User.from_api,
            path={"activation_id": activation_id, "user_id": user_id},
            query=expanded(expand_company),
        )

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

    def update_user(
        self,
        user_id: int,
        email: str,
        first_name: str,
        last_name: str,
        phone: str | None = None,
        enlighten_emails: bool | None = None,
        enlighten_view: View | None = None,
        company_id: int | None = None,
    ) -> User:
        """Change a user you may see. All three of address and names are required; None stays.

        The address is the person's login. A `company_id` makes the user a manager of that company.
        `Rejected` 422 when the address is taken. Gone from the documents of 2026 (404, 405, 501):
        use `update_activation_user` or `companies.update_company_user` then.
        Operation update_user.
        """
        return self._transport.call(
            "update_user",
            User.from_api,
            path={"user_id": user_id},
            body=user_fields(
                required={"email": email, "first_name": first_name, "last_name": last_name},
                optional={
                    "phone": phone,
                    "enlighten_emails": enlighten_emails,
                    "enlighten_view": enlighten_view,
                    "company_id": company_id,
                },
            ),
        )

    def update_activation_user(
        self,
        activation_id: int,
        user_id: int,
        email: str,
        first_name: str,
        last_name: str,
        phone: str | None = None,
        enlighten_emails: bool | None = None,
        enlighten_view: View | None = None,
        company_id: int | None = None,
    ) -> User:
        """Change a user in the scope of a site. All three of address and names; None stays.

        The address is the person's login. A `company_id` wins over `enlighten_view` and makes the
        user a manager. `Rejected` 401 for users out of sight. Operation update_activation_user.
        """
        return self._transport.call(
            "update_activation_user",
            User.from_api,
            path={"activation_id": activation_id, "user_id": user_id},
            body=user_fields(
                required={"email": email, "first_name": first_name, "last_name": last_name},
                optional={
                    "phone": phone,
                    "enlighten_emails": enlighten_emails,
                    "enlighten_view": enlighten_view,
                    "company_id": company_id,
                },
            ),
        )
