"""Addresses of the demo shop."""

from django.urls import path

from shop import views

urlpatterns = [
    path("healthz", views.health_view),
    path("checkout/<int:cart_id>", views.checkout_view),
    path("catalogue.json", views.catalogue_view),
    path("report/<int:month>", views.report_view),
]
