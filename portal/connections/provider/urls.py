"""Below /accounts/enphase/login/."""

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from portal.connections.provider import EnphaseProvider

urlpatterns = default_urlpatterns(EnphaseProvider)
