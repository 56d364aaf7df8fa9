"""What people handle case by case: conferences, emergencies, legal papers, defenders, false matches."""
