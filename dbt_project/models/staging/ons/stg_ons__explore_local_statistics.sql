{{ ons_staged('ons__explore_local_statistics') }}
