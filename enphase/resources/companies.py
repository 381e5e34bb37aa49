"""The caller's company, its branches and staff, and whom it may name as subcontractor."""

from enphase.records import CompanyBranches, CompanyUser, Subcontractors, User
from enphase.resources.base import Resource, expanded, user_fields


class Companies(Resource):
    """`client.companies`."""

    def list_company_branches(self) -> CompanyBranches:
        """Return the caller's company and its branches, unpaged.

        A self-installer has no company: `Rejected` 401 or 404, or a record without an id.
        Operation list_company_branches.
        """
        return self._transport.call("list_company_branches", CompanyBranches.from_api)

    def list_authorized_subcontractors(self) -> Subcontractors:
        """Return the companies that may be named as subcontractors, unpaged.

        Offer only those with `is_enabled`. Operation list_authorized_subcontractors.
        """
        return self._transport.call("list_authorized_subcontractors", Subcontractors.from_api)

    def list_company_users(self, company_id: int) -> list[CompanyUser]:
        """Return ids and e-mail addresses of a company's users, unpaged.

        Names: one `users.get_user` each. `Rejected` 404 "Company not found", 401 when it is not
        ours. Operation list_company_users.
        """
        return self._transport.call(
            "list_company_users", CompanyUser.list_of, path={"company_id": company_id}
        )

    def get_company_user(self, company_id: int, user_id: int, expand_company: bool = True) -> User:
        """Return a user of a company. Gone from the documents of 2026: `users.get_user` does it.

        Operation get_company_user.
        """
        return self._transport.call(
            "get_company_user",
            User.from_api,
            path={"company_id": company_id, "user_id": user_id},
            query=expanded(expand_company),
        )

    def create_company_user(
        self,
        company_id: int,
        email: str,
        first_name: str,
        last_name: str,
        phone: str | None = None,
        enlighten_emails: bool = False,
    ) -> User:
        """Create a user inside a company, a manager there. Search for the address first.

        `Rejected` 422 when the address is taken. `OutcomeUnknown`: search for the address before
        anything else. Sent once, never repeated. No call deletes a user.
        Operation create_company_user.
        """
        return self._transport.call(
            "create_company_user",
            User.from_api,
            path={"company_id": company_id},
            body=user_fields(
                required={"email": email, "first_name": first_name, "last_name": last_name},
                optional={"phone": phone or None, "enlighten_emails": enlighten_emails},
            ),
        )

    def update_company_user(
        self,
        company_id: int,
        user_id: int,
        email: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        phone: str | None = None,
        enlighten_emails: bool | None = None,
        new_company_id: int | None = None,
    ) -> User:
        """Change a company's user: the fields given, at least one. The address is the login.

        `new_company_id` moves the user, which needs access to both companies. ValueError for an
        empty address or name: Enphase refuses those. `Rejected` 422 when the address is taken.
        Operation update_company_user.
        """
        named = {"email": email, "first_name": first_name, "last_name": last_name}
        body = user_fields(
            required={name: value for name, value in named.items() if value is not None},
            optional={
                "phone": phone,
                "enlighten_emails": enlighten_emails,
                "company_id": new_company_id,
            },
        )
        if not body:
            raise ValueError("Nothing to change.")
        return self._transport.call(
            "update_company_user",
            User.from_api,
            path={"company_id": company_id, "user_id": user_id},
            body=body,
        )
