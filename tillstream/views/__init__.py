"""The views that people, dashboards and other people's SQL read: published truth plus what is live since its cut."""

from tillstream.views.ordering import ORDERING_VIEWS
from tillstream.views.sales import SALES_VIEWS
from tillstream.views.stock import STOCK_VIEWS
from tillstream.views.trust import TRUST_VIEWS
from tillstream.views.view import View

VIEWS: tuple[View, ...] = (*SALES_VIEWS, *ORDERING_VIEWS, *STOCK_VIEWS, *TRUST_VIEWS)

__all__ = ["VIEWS", "View"]
